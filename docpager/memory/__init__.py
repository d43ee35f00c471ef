"""The pager: a pure core that decides what is in the context. Standard library only."""

from docpager.memory.events import (
    AdmissionRefused,
    Eviction,
    MemoryEvent,
    MemoryPressure,
    PageFault,
    PageHit,
    PageIn,
    PageOut,
    Pin,
    Prefetch,
    Reclaim,
    Resized,
    Thrashing,
    Unpin,
)
from docpager.memory.page import Extent, Frame, LineRange, Page
from docpager.memory.page_table import PageState, PageTable, PageTableEntry
from docpager.memory.pager import Admission, Pager, PageRequest, Watermarks
from docpager.memory.readahead import Place, Readahead
from docpager.memory.replacement import (
    REPLACEMENT_POLICIES,
    ClockPolicy,
    FifoPolicy,
    GdsfPolicy,
    LrfuPolicy,
    LruPolicy,
    ReplacementPolicy,
)
from docpager.memory.resident_set import ResidentSet, replay
from docpager.memory.working_set import WorkingSet

__all__ = [
    "REPLACEMENT_POLICIES",
    "Admission",
    "AdmissionRefused",
    "ClockPolicy",
    "Eviction",
    "Extent",
    "FifoPolicy",
    "Frame",
    "GdsfPolicy",
    "LineRange",
    "LrfuPolicy",
    "LruPolicy",
    "MemoryEvent",
    "MemoryPressure",
    "Page",
    "PageFault",
    "PageHit",
    "PageIn",
    "PageOut",
    "PageRequest",
    "PageState",
    "PageTable",
    "PageTableEntry",
    "Pager",
    "Pin",
    "Place",
    "Prefetch",
    "Readahead",
    "Reclaim",
    "ReplacementPolicy",
    "ResidentSet",
    "Resized",
    "Thrashing",
    "Unpin",
    "Watermarks",
    "WorkingSet",
    "replay",
]
