namespace ForegSyte.CommandLine.Waiting;

/// <summary>Shows progress while something is done: a live bar on a terminal, lines elsewhere.</summary>
internal interface IProgressDisplay
{
    /// <summary>
    /// Does the work and shows what it reports. The reports are taken on the caller's thread, in order.
    /// </summary>
    Task<T> ShowAsync<T>(Func<IProgress<ProgressReport>, Task<T>> work);
}
