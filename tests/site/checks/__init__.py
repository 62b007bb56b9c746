"""What must hold for every page of the site: on disk and in the browser."""
