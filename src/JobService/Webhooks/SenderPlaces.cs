namespace ForegSyte.Jobs.Webhooks;

/// <summary>
/// The places of concurrent tries. A host has a limit of its own, and hosts whose latest try failed get at most half of
/// all places together, so that those that do not answer never delay those that do.
/// </summary>
/// <param name="total">Number of places.</param>
/// <param name="ofHost">Maximum number for one host.</param>
internal sealed class SenderPlaces(int total, int ofHost)
{
    /// <summary>Maximum number of failing hosts in memory; above it all are forgotten.</summary>
    private const int MaxFailing = 10_000;

    private readonly Lock _lock = new();
    private readonly Dictionary<string, int> _taken = [];
    private readonly HashSet<string> _failing = [];

    /// <summary>Whether the latest try to a host failed.</summary>
    public bool IsFailing(string host)
    {
        lock (_lock)
        {
            return _failing.Contains(host);
        }
    }

    /// <summary>Number of tries to a host that can begin now.</summary>
    public int FreeFor(string host)
    {
        lock (_lock)
        {
            var free = total - _taken.Values.Sum();
            if (_failing.Contains(host))
            {
                var ofFailing = _taken.Where(taken => _failing.Contains(taken.Key)).Sum(taken => taken.Value);
                free = Math.Min(free, Math.Max(1, total / 2) - ofFailing);
            }

            return Math.Max(0, Math.Min(free, ofHost - _taken.GetValueOrDefault(host)));
        }
    }

    /// <summary>Takes a place.</summary>
    public void Take(string host)
    {
        lock (_lock)
        {
            _taken[host] = _taken.GetValueOrDefault(host) + 1;
        }
    }

    /// <summary>Gives a place back.</summary>
    /// <param name="host">The host.</param>
    /// <param name="hasFailed">Whether the try failed.</param>
    public void Give(string host, bool hasFailed)
    {
        lock (_lock)
        {
            if (--_taken[host] == 0)
            {
                _taken.Remove(host);
            }

            if (!hasFailed)
            {
                _failing.Remove(host);
                return;
            }

            if (_failing.Count >= MaxFailing)
            {
                _failing.Clear();
            }

            _failing.Add(host);
        }
    }
}
