"""就诊协同: referrals that come back, and clinic sessions that can be booked."""
