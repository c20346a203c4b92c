"""Other people's watermarks, on the same clips and through the same attacks as ours."""
