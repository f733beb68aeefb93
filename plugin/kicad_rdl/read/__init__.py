"""Readers: bump maps, the job, the technology. Bad input is refused here, with a reason."""
