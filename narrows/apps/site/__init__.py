"""The lab's views as a static folder: finished runs with their epochs, and a decoder that runs in the page."""

from narrows.apps.site.folder import Site, check_target, write_site, zipped_site
from narrows.apps.site.runtime import Runtime, find_runtime

__all__ = ["Runtime", "Site", "check_target", "find_runtime", "write_site", "zipped_site"]
