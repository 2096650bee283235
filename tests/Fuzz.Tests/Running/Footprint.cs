using ForegSyte.Testing;

namespace ForegSyte.Fuzz.Tests.Running;

/// <summary>
/// The open file descriptors and stored files of both services. Without running calls, the InferenceService has no
/// child processes.
/// </summary>
internal sealed record Footprint(int JobServiceDescriptors, int InferenceDescriptors, IReadOnlyList<string> Files)
{
    /// <summary>Allowance for connections and files of the runtime; a leak is far larger.</summary>
    private const int Slack = 30;

    /// <summary>The current footprint.</summary>
    public static Footprint Of(Installation services) => new(
        Descriptors(services.JobService), Descriptors(services.InferenceService), FilesOf(services));

    /// <summary>Waits until the background cleanup has restored this footprint.</summary>
    public Task AssertUnchangedAsync(Installation services) =>
        Wait.UntilNoneAsync(() => FindLeak(services), "the services clean up");

    private string? FindLeak(Installation services)
    {
        var now = Of(services);
        var children = ChildProcesses.Below(services.InferenceService.Id).Select(ChildProcesses.NameOf).ToList();
        return (children, now) switch
        {
            ({ Count: > 0 }, _) => $"Leaked processes: {string.Join(", ", children)}",
            _ when now.InferenceDescriptors > InferenceDescriptors + Slack =>
                $"The InferenceService had {InferenceDescriptors} open files and now has {now.InferenceDescriptors}",
            _ when now.JobServiceDescriptors > JobServiceDescriptors + Slack =>
                $"The JobService had {JobServiceDescriptors} open files and now has {now.JobServiceDescriptors}",
            _ when !now.Files.SequenceEqual(Files) =>
                $"Leaked files: {string.Join(", ", now.Files.Except(Files))}",
            _ => null,
        };
    }

    private static int Descriptors(ServiceProcess service) =>
        Directory.GetFileSystemEntries($"/proc/{service.Id}/fd").Length;

    private static List<string> FilesOf(Installation services) =>
        [.. Directory.EnumerateFiles(services.Storage, "*", SearchOption.AllDirectories)
            .Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal)];
}
