"""Rules as data: files with dates and legal bases, and what reads them."""
