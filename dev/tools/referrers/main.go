// Command referrers is a registry in memory for tests: it answers what the test bed's other registry does
// not, the referrers of OCI 1.1, and lists that are cut without a Link.
package main

import (
	"flag"
	"io"
	"log"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/registry"
)

func main() {
	address := flag.String("address", "127.0.0.1:0", "where to listen, `host:port`")
	referrers := flag.Bool("referrers", false, "serve /v2/<name>/referrers/<digest>")
	truncate := flag.Int("truncate", 0, "give at most `n` tags at a time, and no Link to the others; 0 is as many as asked for")
	flag.Parse()

	listener, err := net.Listen("tcp", *address)
	if err != nil {
		log.Fatal(err)
	}
	log.Printf("listening on %s", listener.Addr())
	server := &http.Server{
		Handler:           cut(handler(*referrers), *truncate),
		ReadHeaderTimeout: 10 * time.Second,
	}
	log.Fatal(server.Serve(listener))
}

func handler(referrers bool) http.Handler {
	// It writes a line per request, and everything is a test's doing anyway.
	silent := log.New(io.Discard, "", 0)
	return registry.New(registry.WithReferrersSupport(referrers), registry.Logger(silent))
}

// cut lowers the n of every request for tags to most. The registry below takes n for what it is and says
// nothing of what it leaves out, which is just what is wanted here.
func cut(next http.Handler, most int) http.Handler {
	if most <= 0 {
		return next
	}
	return http.HandlerFunc(func(response http.ResponseWriter, request *http.Request) {
		if strings.HasSuffix(request.URL.Path, "/tags/list") {
			request.URL.RawQuery = lowered(request.URL.Query(), most).Encode()
		}
		next.ServeHTTP(response, request)
	})
}

// lowered gives the query with an n of at most most.
func lowered(query url.Values, most int) url.Values {
	asked, err := strconv.Atoi(query.Get("n"))
	if query.Has("n") && (err != nil || asked < most) {
		return query
	}
	query.Set("n", strconv.Itoa(most))
	return query
}
