# What becomes of a pod: one word that the stages in pod.yaml select by.
#
# Wished for by the label slipway.dev/outcome (ready, crash, pullfail, neverready, oom, fail), else by a segment of
# an image's path (/crash/, /pullfail/, /neverready/, /oom/), else it gets ready. In namespaces named pull-* the
# puller must have found the images first. A Job's pods end by themselves: succeeded, failed or oomkilled.
def wished:
  .metadata.labels["slipway.dev/outcome"]
  // ([.spec.containers[].image | capture("/(?<word>crash|pullfail|neverready|oom)/").word] | .[0])
  // "ready";

def is_job: [.metadata.ownerReferences[]?.kind] | any(. == "Job");

def as_job: {"ready": "succeeded", "fail": "failed", "crash": "failed", "oom": "oomkilled"}[.] // .;

def pull:
  if .metadata.namespace | startswith("pull-")
  then .metadata.annotations["slipway.dev/pull"] // "pulling"
  else "present"
  end;

pull as $pull | is_job as $is_job | wished
| if $pull == "missing" then "pullfail"
  elif $pull != "present" then "pulling"
  elif $is_job then as_job
  else .
  end
