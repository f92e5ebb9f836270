"""Index and account compared, repaired, and built anew."""
