"""Every error triggernet raises on purpose.

    TriggernetError
    |-- UsageError              wrong arguments or a wrong configuration
    |   `-- ConfigError         a key or value of a YAML file or config dataclass
    |-- DataError               a file of jets that cannot be read or makes no sense
    |   `-- EncodingError       values that the hardware encoding cannot hold
    |-- ModelError              a run folder, checkpoint or model that does not fit
    |-- ProgramError            a QONNX file that is no valid fixed-point program
    |   `-- UnsupportedError    a node or setting that cannot be lowered exactly
    |-- ProjectError            a firmware project that is incomplete or was edited
    `-- ToolError               an external tool that is missing or failed

A message says what is wrong, the value found, what is allowed, and what to do. The command line
prints it without a traceback and exits with 2.
"""


class TriggernetError(Exception):
    """Base of all errors that triggernet raises on purpose."""


class UsageError(TriggernetError):
    """Arguments that contradict each other or lead nowhere."""


class ConfigError(UsageError):
    """A configuration with an unknown key or a value that is not allowed."""


class DataError(TriggernetError):
    """A file of jets that is missing, damaged, or not in the expected layout."""


class EncodingError(DataError):
    """Values that the chosen hardware encoding cannot hold."""


class ModelError(TriggernetError):
    """A run folder, checkpoint or model that does not fit its configuration."""


class ProgramError(TriggernetError):
    """A QONNX file or JSON text that is not a valid fixed-point program."""


class UnsupportedError(ProgramError):
    """A node or setting that cannot be lowered without changing its meaning."""


class ProjectError(TriggernetError):
    """A firmware project that is incomplete, edited, or of another model."""


class ToolError(TriggernetError):
    """An external tool that is missing, failed, or left no result."""
