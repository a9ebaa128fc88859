"""What JKN is: people, money, time, rules. Knows no protocol and no framework."""
