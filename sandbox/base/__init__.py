"""What every platform stands on: acts, the base class, the universe they share."""
