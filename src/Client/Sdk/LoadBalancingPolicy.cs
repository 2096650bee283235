namespace ForegSyte.Client;

/// <summary>Which of several servers a call goes to.</summary>
public enum LoadBalancingPolicy
{
    /// <summary>
    /// All calls go to the first server that a connection is made to; when that is lost, to the next. For a server that
    /// is replaced by another one, as in a rolling restart.
    /// </summary>
    PickFirst = 0,

    /// <summary>
    /// Calls go to all servers in turn: to every <see cref="ForegSyteClientOptions.Replicas">replica</see>, or, where
    /// none is given, to every IP address that the host of <see cref="ForegSyteClientOptions.Address"/> has in the DNS.
    /// Only for servers that share their jobs.
    /// </summary>
    RoundRobin = 1,
}
