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
    Reclaim,
    Resized,
    Unpin,
)
from docpager.memory.page import Extent, Frame, LineRange, Page
from docpager.memory.page_table import PageState, PageTable, PageTableEntry
from docpager.memory.pager import Admission, Pager, PageRequest, Watermarks
from docpager.memory.replacement import REPLACEMENT_POLICIES, FifoPolicy, LruPolicy, ReplacementPolicy

__all__ = [
    "REPLACEMENT_POLICIES",
    "Admission",
    "AdmissionRefused",
    "Eviction",
    "Extent",
    "FifoPolicy",
    "Frame",
    "LineRange",
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
    "Reclaim",
    "ReplacementPolicy",
    "Resized",
    "Unpin",
    "Watermarks",
]
