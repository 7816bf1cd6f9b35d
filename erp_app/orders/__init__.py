"""Orders from their placing to shipment and invoice."""
