"""Long absences: the roles of who is away, who could stand in, handing them over for that time and back."""
