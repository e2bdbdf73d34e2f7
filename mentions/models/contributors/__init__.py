"""What people are to us, and the swag that is suggested for them."""
