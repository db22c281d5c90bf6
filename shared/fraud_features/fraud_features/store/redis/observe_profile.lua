-- The account's profile: answered as it stood, then with the payment.
local hour = num(ARGV[7])
local same_at = hours_at + 4 * hour
local same = unpacked('<I4', kept, same_at + 1)
out[slot], out[slot + 1], out[slot + 2] = profile_count, profile_typical, profile_sum
out[slot + 3], out[slot + 4] = profile_high, profile_low
if profile_first ~= NEVER then out[slot + 5] = profile_first end
if profile_last ~= NEVER then out[slot + 6] = profile_last end
if profile_located ~= NEVER then
  out[slot + 7], out[slot + 8], out[slot + 9] = profile_located, profile_lat, profile_lon
end
out[slot + 10] = unpacked('<I4', kept, hours_at + 4 * ((hour + 23) % 24) + 1)
out[slot + 11] = same
out[slot + 12] = unpacked('<I4', kept, hours_at + 4 * ((hour + 1) % 24) + 1)
profile_count = profile_count + 1
if moved > 0 then
  profile_typical, profile_sum = profile_typical + 1, profile_sum + moved
  profile_high, profile_low = profile_high + num(ARGV[5]), profile_low + num(ARGV[6])
end
if profile_first == NEVER or t < profile_first then profile_first = t end
if t >= profile_last then profile_last = t end
if ARGV[8] ~= '' and t >= profile_located then
  profile_located, profile_lat, profile_lon = t, num(ARGV[8]), num(ARGV[9])
end
local hours = sub(kept, hours_at + 1, same_at) .. pack('<I4', same + 1)
  .. sub(kept, same_at + 5, hours_at + 96)
