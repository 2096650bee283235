namespace ForegSyte.Hosting.Limits;

/// <summary>A part of a service that may have limits, made where its options are registered.</summary>
/// <param name="Read">Reads the limits in force.</param>
internal sealed record LimitSource(Func<IServiceProvider, IEnumerable<ServiceLimit>> Read);
