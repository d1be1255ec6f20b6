"""What a Dockerfile says about the images that its build needs. Pure.

analysis = analyse(decode(data), target="api", build_args={"PYTHON": "3.12"})   # or DockerfileError
analysis.final_base            # what the built image stands on
analysis.bases                 # every image from outside, once, each with all its uses
analysis.runs                  # RUN instructions whose layers a rebase would keep
analysis.base_copies           # instructions that copy from stages which stand on the same base

Facts are those of BuildKit: https://docs.docker.com/reference/dockerfile/.
"""

from slipway.build.dockerfile.analysis import analyse
from slipway.build.dockerfile.errors import DockerfileError
from slipway.build.dockerfile.model import Analysis, Base, BaseCopy, Step, Use, UsedStage, UseKind
from slipway.build.dockerfile.parser import LONGEST_TEXT, decode

__all__ = [
    "LONGEST_TEXT",
    "Analysis",
    "Base",
    "BaseCopy",
    "DockerfileError",
    "Step",
    "Use",
    "UseKind",
    "UsedStage",
    "analyse",
    "decode",
]
