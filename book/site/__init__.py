"""What turns the notebooks into the web site: execution, Sphinx per language, and the finish."""

import sys

# jsonschema would import it, for formats that no notebook asks for, and it compiles a grammar for two seconds
sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]
