namespace ForegSyte.Benchmarks.Fairness.Attacks;

/// <summary>A way to take the service from other tenants.</summary>
internal abstract class Attack
{
    /// <summary>All attacks, in the order of the table.</summary>
    public static IReadOnlyList<Attack> All { get; } =
    [
        new HugeFrames(), new SmallFileLargeMemory(), new EndlessTable(), new PoisonVideo(), new BigResults(),
        new LongQueue(), new WaitingCalls(), new ReadStorm(),
        new PromisedSpace(), new ManyUploads(), new SlowUploads(),
        new SlowFetches(), new RefusedCalls(), new SlowDownloads(),
    ];

    /// <summary>Its name on the command line and in the table.</summary>
    public abstract string Name { get; }

    /// <summary>Its video, made once for the run.</summary>
    public virtual AttackVideo Video => AttackVideo.Clip;

    /// <summary>Whether the honest tenant submits its clips by uri, so that the attack concerns it.</summary>
    public virtual bool HonestTenantFetches => false;

    /// <summary>Attacks until the tenant's cancellation.</summary>
    public abstract Task RunAsync(HostileTenant tenant);

    /// <summary>The attack of this name.</summary>
    public static Attack Find(string name) => All.Single(attack => attack.Name == name);
}
