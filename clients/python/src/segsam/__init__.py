"""Client of SegSAM, the service that finds in a medical image what a text names.

>>> with SegSAMClient("tcp://127.0.0.1:5555") as client:
...     found = client.segment("abdomen.png", categories=["pancreas", "左肾"])
...     found["pancreas"].mask
"""

from .aio import AsyncImageHandle, AsyncSegSAMClient
from .client import ImageHandle, SegSAMClient
from .errors import (
    Busy, Cancelled, Closed, DeadlineExceeded, IdConflict, Internal, InvalidArgument,
    InvalidMessage, MalformedReply, SegSAMError, TimedOut, TooLarge, Unauthorized,
    UnknownCategory, UnknownImage, UnknownMethod)
from .images import Image, ImageFile, from_nibabel_array
from .operations import Point
from .results import (
    Candidate, Capabilities, Category, Match, Part, Progress, Query, QueuedRequest, Report,
    Segmentation, Status)
from .stream import Replay, StreamMessage
from .subscriber import AsyncSubscriber, Subscriber
from .wire import Limits, Model, Reply

__version__ = "0.1.0"

__all__ = [
    "AsyncImageHandle", "AsyncSegSAMClient", "AsyncSubscriber", "Busy", "Cancelled", "Candidate",
    "Capabilities", "Category", "Closed", "DeadlineExceeded", "IdConflict", "Image", "ImageFile",
    "ImageHandle", "Internal", "InvalidArgument", "InvalidMessage", "Limits", "MalformedReply",
    "Match", "Model", "Part", "Point", "Progress", "Query", "QueuedRequest", "Replay", "Reply",
    "Report", "SegSAMClient", "SegSAMError", "Segmentation", "Status", "StreamMessage",
    "Subscriber", "TimedOut", "TooLarge", "Unauthorized", "UnknownCategory", "UnknownImage",
    "UnknownMethod", "from_nibabel_array",
]
