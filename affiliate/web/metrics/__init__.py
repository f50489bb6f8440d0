"""`/metrics`: the site's figures in the text format of Prometheus, behind a token."""
