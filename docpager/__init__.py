"""Questions over large document collections, in a bounded, paged context, with citations that cannot be invented."""

__version__ = "0.1.0"
