using ForegSyte.Testing;

namespace ForegSyte.Fuzz.Tests.Running;

/// <summary>
/// What services hold of the machine: open files, and files that they left. Processes below the InferenceService are
/// never left once no call runs.
/// </summary>
internal sealed record Footprint(int JobServiceDescriptors, int InferenceDescriptors, IReadOnlyList<string> Files)
{
    /// <summary>Connections and the runtime's own files come and go; a leak is far more.</summary>
    private const int Slack = 30;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(50);

    /// <summary>What they hold now.</summary>
    public static Footprint Of(Installation services) => new(
        Descriptors(services.JobService), Descriptors(services.InferenceService), FilesOf(services));

    /// <summary>Checks that nothing was left, as soon as what is being cleaned up is gone.</summary>
    public async Task AssertUnchangedAsync(Installation services, CancellationToken cancellationToken)
    {
        var started = TimeProvider.System.GetTimestamp();
        while (Defect(services) is { } defect)
        {
            Assert.True(TimeProvider.System.GetElapsedTime(started) < Patience, defect);
            await Task.Delay(Interval, cancellationToken);
        }
    }

    private string? Defect(Installation services)
    {
        var now = Of(services);
        var children = ChildProcesses.Below(services.InferenceService.Id).Select(ChildProcesses.NameOf).ToList();
        return (children, now) switch
        {
            ({ Count: > 0 }, _) => $"Processes are left: {string.Join(", ", children)}",
            _ when now.InferenceDescriptors > InferenceDescriptors + Slack =>
                $"The InferenceService had {InferenceDescriptors} open files and has {now.InferenceDescriptors}",
            _ when now.JobServiceDescriptors > JobServiceDescriptors + Slack =>
                $"The JobService had {JobServiceDescriptors} open files and has {now.JobServiceDescriptors}",
            _ when !now.Files.SequenceEqual(Files) =>
                $"Files are left: {string.Join(", ", now.Files.Except(Files))}",
            _ => null,
        };
    }

    private static int Descriptors(ServiceProcess service) =>
        Directory.GetFileSystemEntries($"/proc/{service.Id}/fd").Length;

    private static List<string> FilesOf(Installation services) =>
        [.. Directory.EnumerateFiles(services.Storage, "*", SearchOption.AllDirectories)
            .Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal)];
}
