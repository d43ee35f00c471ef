"""Where tasks run: in this process, or in worker processes with limits.

Each class is a ``docpager.protocols.Executor``:
``docpager.batch.executors.inline.InlineExecutor`` and
``docpager.batch.executors.processes.ProcessExecutor``.
"""
