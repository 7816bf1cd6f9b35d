"""HTTP servers in the place of other companies and of the tracker, and the start of the ERP's real processes."""
