module slipway.dev/dev/tools/referrers

go 1.26.3

require github.com/google/go-containerregistry v0.21.9
