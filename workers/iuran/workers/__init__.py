"""What happens without being asked: billing, suspension, reminders, deliveries."""
