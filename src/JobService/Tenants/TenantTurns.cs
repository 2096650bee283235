namespace ForegSyte.Jobs.Tenants;

/// <summary>
/// The order in which tenants get the places that they share: first the tenant with the fewest places for its weight;
/// among equals in turn, a tenant of weight 2 two times in each turn of one of weight 1 (start-time fair queueing). So
/// no tenant starves, and a tenant alone gets every place. Pure and not thread-safe; O(log n) in the tenants.
/// </summary>
/// <param name="weightOf">The weight of a tenant, at least 1.</param>
/// <param name="maxPlacesOf">Maximum number of places of a tenant.</param>
internal sealed class TenantTurns(Func<string, int> weightOf, Func<string, int> maxPlacesOf)
{
    private readonly Dictionary<string, Tenant> _tenants = [];
    private readonly SortedSet<Tenant> _waiting = new(Tenant.Order);
    private readonly Queue<Tenant> _idle = new();

    /// <summary>The turn of the latest tenant that got a place. It never falls.</summary>
    private double _turn;

    private long _sequence;

    /// <summary>Number of places in use.</summary>
    public int Used { get; private set; }

    /// <summary>Number of tenants that wait, have places or keep a turn.</summary>
    public int Count => _tenants.Count;

    /// <summary>Number of places that a tenant uses.</summary>
    public int UsedBy(string tenant) => _tenants.TryGetValue(tenant, out var found) ? found.Used : 0;

    /// <summary>The tenant that gets the next place; null if no tenant waits or no place is free.</summary>
    /// <param name="places">Number of places.</param>
    /// <param name="reserve">Number of further places that only tenants without a place can get.</param>
    public string? Next(int places, int reserve) =>
        _waiting.Min is { } first && Used < (first.Used == 0 ? places + reserve : places) ? first.Name : null;

    /// <summary>Sets whether a tenant waits for a place.</summary>
    public void SetWaiting(string name, bool isWaiting)
    {
        var tenant = Find(name);
        if (tenant.IsWaiting != isWaiting)
        {
            Change(tenant, () =>
            {
                tenant.IsWaiting = isWaiting;
                if (isWaiting && tenant.Used == 0)
                {
                    // A tenant that was away has no credit for the turns that it missed.
                    SetTurn(tenant, Math.Max(tenant.Turn, _turn));
                }
            });
        }
    }

    /// <summary>Gives a place to a tenant.</summary>
    public void Take(string name)
    {
        var tenant = Find(name);
        Used++;
        Change(tenant, () =>
        {
            tenant.Used++;
            _turn = Math.Max(_turn, tenant.Turn);
            SetTurn(tenant, _turn + (1.0 / weightOf(name)));
        });
    }

    /// <summary>Frees a place of a tenant.</summary>
    public void Free(string name)
    {
        var tenant = Find(name);
        Used--;
        Change(tenant, () => tenant.Used--);
    }

    private Tenant Find(string name)
    {
        if (!_tenants.TryGetValue(name, out var tenant))
        {
            _tenants[name] = tenant = new Tenant(name) { Turn = _turn };
        }

        return tenant;
    }

    private void SetTurn(Tenant tenant, double turn) => (tenant.Turn, tenant.Sequence) = (turn, ++_sequence);

    /// <summary>Changes a tenant, which moves it in the order.</summary>
    private void Change(Tenant tenant, Action change)
    {
        _waiting.Remove(tenant);
        change();
        tenant.Share = (double)tenant.Used / weightOf(tenant.Name);
        if (tenant.IsWaiting && tenant.Used < maxPlacesOf(tenant.Name))
        {
            _waiting.Add(tenant);
        }

        Forget(tenant);
    }

    /// <summary>
    /// Forgets tenants that neither wait nor have a place, but only once the others have passed their turn: a tenant
    /// that always returns must not get more than its share.
    /// </summary>
    private void Forget(Tenant changed)
    {
        if (changed is { IsIdle: true, IsListed: false })
        {
            changed.IsListed = true;
            _idle.Enqueue(changed);
        }

        while (_idle.TryPeek(out var tenant) && (!tenant.IsIdle || tenant.Turn <= _turn || Used + _waiting.Count == 0))
        {
            _idle.Dequeue().IsListed = false;
            if (tenant.IsIdle)
            {
                _tenants.Remove(tenant.Name);
            }
        }
    }

    private sealed class Tenant(string name)
    {
        public static readonly IComparer<Tenant> Order = Comparer<Tenant>.Create((left, right) =>
            (left.Share, left.Turn, left.Sequence).CompareTo((right.Share, right.Turn, right.Sequence)));

        public string Name { get; } = name;

        public bool IsWaiting { get; set; }

        public int Used { get; set; }

        /// <summary>Places for each unit of weight.</summary>
        public double Share { get; set; }

        /// <summary>When the tenant's next turn is: it rises by 1 / weight with each place.</summary>
        public double Turn { get; set; }

        /// <summary>Orders equal turns, the one set first before the others.</summary>
        public long Sequence { get; set; }

        /// <summary>Whether the tenant is in the list of those to forget.</summary>
        public bool IsListed { get; set; }

        public bool IsIdle => !IsWaiting && Used == 0;
    }
}
