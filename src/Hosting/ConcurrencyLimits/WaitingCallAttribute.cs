namespace ForegSyte.Hosting.ConcurrencyLimits;

/// <summary>
/// Marks the implementation of a method that waits by its nature: its calls count apart (Calls:MaxWaiting), so that
/// those who wait take no place from those who work.
/// </summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class WaitingCallAttribute : Attribute;
