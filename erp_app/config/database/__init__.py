"""The ERP's database backend."""
