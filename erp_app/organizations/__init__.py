"""Who uses the ERP: organizations and their users, and how they log in."""
