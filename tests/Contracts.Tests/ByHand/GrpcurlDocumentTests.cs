using System.Text.RegularExpressions;
using ForegSyte.Testing;
using ForegSyte.V1;
using Google.Protobuf.Reflection;

namespace ForegSyte.Contracts.Tests.ByHand;

/// <summary>
/// docs/grpcurl.md holds: it has a command for every RPC, and each command, pasted into a shell in the document's
/// order, prints what the document says.
/// </summary>
[Collection(RunningServicesCollection.Name)]
public sealed class GrpcurlDocumentTests(RunningServices services)
{
    // This section's commands need jobs that wait.
    private const string WaitingSection = "While jobs wait";

    private static readonly CommandDocument Document = CommandDocument.Parse(
        File.ReadAllText(Path.Combine(RepositoryFiles.Root, "docs", "grpcurl.md")));

    private static readonly FileDescriptor[] Contracts =
    [
        JobServiceReflection.Descriptor, UploadServiceReflection.Descriptor, InferenceServiceReflection.Descriptor,
    ];

    private static IEnumerable<string> Methods => Contracts
        .SelectMany(file => file.Services)
        .SelectMany(service => service.Methods, (service, method) => $"{service.FullName}/{method.Name}");

    [Fact]
    public void Document_HasACommandForEveryMethod()
    {
        var calls = Document.Commands.Select(command => Expand(command.Text)).ToList();
        Assert.All(Methods, method => Assert.Contains(calls, call => Regex.IsMatch(call, $@"{method}\b")));
    }

    [Fact]
    public async Task Commands_WithBothServices_PrintWhatTheDocumentSays() => await AssertPrintedAsync(
        services.Services, Document.Commands.Where(command => command.Section != WaitingSection));

    [Fact]
    public async Task Commands_WhileJobsWait_PrintWhatTheDocumentSays()
    {
        await using var alone = new Installation(new Dictionary<string, string>
        {
            ["Submit:AllowedRoots:0"] = Path.Combine(RepositoryFiles.Data, "samples"),
            ["Submit:MaxPendingJobs"] = "2",
            // Where none listens; on the usual port one of this machine's may.
            ["Inference:Addresses:0"] = "http://127.0.0.1:1",
        });
        await alone.StartJobServiceAsync();
        await AssertPrintedAsync(alone, Document.Commands.Where(command => command.Section == WaitingSection));
    }

    private static async Task AssertPrintedAsync(Installation installation, IEnumerable<DocumentedCommand> commands)
    {
        Shell.BufOrSkip();
        var comparison = new OutputComparison();
        foreach (var command in commands)
        {
            var run = await Shell.RunAsync(
                $$"""
                shopt -s expand_aliases
                {{PreparationFor(installation)}}
                {
                {{comparison.Translate(command.Text)}}
                } 2>&1
                """,
                RepositoryFiles.Root);
            var printed = run.StandardOutput.TrimEnd('\n');
            var difference = comparison.Difference(command.Output, printed.Length == 0 ? [] : printed.Split('\n'));
            Assert.True(
                difference is null,
                $"docs/grpcurl.md:{command.Line}: {difference}\n$ {command.Text}\nIt printed:\n{printed}");
        }
    }

    // The same lines that a reader pastes, with this installation's ports and folder in the place of the usual ones.
    private static string PreparationFor(Installation installation) => Document.Preparation
        .Replace("127.0.0.1:5200", installation.JobAddress.Authority, StringComparison.Ordinal)
        .Replace("127.0.0.1:5201", installation.InferenceAddress.Authority, StringComparison.Ordinal)
        .Replace("$PWD/data/video_jobs", installation.Storage, StringComparison.Ordinal);

    // The shell's variables in a command, replaced by their values.
    private static string Expand(string command) => Document.Preparation.Split('\n')
        .Select(line => line.Split('=', 2))
        .Where(parts => parts.Length == 2)
        .Aggregate(command, (text, parts) => text.Replace($"${parts[0]}/", $"{parts[1]}/", StringComparison.Ordinal));
}
