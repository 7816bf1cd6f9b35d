"""What the Django tests stand on: real HTTP servers for other companies, and the ERP's real processes."""
