"""From files to segments: readers, the scan of folders, the plan of what changed, the pipeline that carries it out."""
