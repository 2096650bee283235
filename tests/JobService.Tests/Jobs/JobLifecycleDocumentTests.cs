using System.Reflection;
using System.Text.RegularExpressions;
using ForegSyte.Jobs.Tests.Storage;
using ForegSyte.Testing;
using ForegSyte.V1;
using Google.Protobuf.Reflection;

namespace ForegSyte.Jobs.Tests.Jobs;

/// <summary>Compares docs/job-lifecycle.md with the code.</summary>
public sealed partial class JobLifecycleDocumentTests
{
    private const string Outside = "[*]";
    private static readonly string Document =
        File.ReadAllText(Path.Combine(RepositoryFiles.Root, "docs", "job-lifecycle.md"));

    private static readonly Guid Token = Guid.NewGuid();
    private static readonly DateTimeOffset Now = TestJobs.Noon;
    private static readonly TimeSpan LeaseDuration = TimeSpan.FromSeconds(15);
    private static readonly JobFailure Failure = new(ErrorReason.DecoderLost, "Lost.");
    private static readonly SegmentProgress Progress = new(1, TimeSpan.Zero, TimeSpan.Zero, DeviceList.Empty);

    private static readonly Dictionary<string, Func<JobRecord, JobRecord>> Transitions = new()
    {
        ["claim"] = job => JobTransitions.Claim(job, Token, Now, LeaseDuration),
        ["renew"] = job => JobTransitions.Renew(job, Token, Now.AddSeconds(1), LeaseDuration),
        ["plan"] = job => JobTransitions.Plan(job, Token, new PlannedWork(new VideoInfo(), 1, 1), Progress, Now),
        ["forgetReuse"] = job => JobTransitions.ForgetReuse(job, Token, Now),
        ["advance"] = job => JobTransitions.Advance(job, Token, Progress, Now),
        ["complete"] = job => JobTransitions.Complete(
            job, Token, new StoredResults("results.json", 7), new JobSummary(), JobWarnings.Empty, Now),
        ["fail"] = job => JobTransitions.Fail(job, Token, Failure, Now),
        ["release"] = job => JobTransitions.Release(job, Token, Failure, TimeSpan.Zero, Now),
        ["rescue"] = job => JobTransitions.Rescue(job, Failure, Now),
        ["abandon"] = job => JobTransitions.Abandon(job, Failure, Now),
        ["cancel"] = job => JobTransitions.Cancel(job, Now),
        ["update"] = job => JobTransitions.Update(job, new JobUpdate("new name"), Now),
        ["retry"] = job => JobTransitions.Retry(job, Now),
    };

    [Fact]
    public void Diagram_HasTheEdgesOfTheCode()
    {
        var drawn = Edge().Matches(Diagram().Match(Document).Value)
            .SelectMany(edge => edge.Groups["label"].Value.Split(',', StringSplitOptions.TrimEntries)
                .Select(label => (From: edge.Groups["from"].Value, To: edge.Groups["to"].Value, Label: label)))
            .ToList();
        Assert.Equal(drawn.Distinct(), drawn);
        Assert.Equal(EdgesOfTheCode().Order(), drawn.Order());
    }

    [Fact]
    public void Table_HasEveryTransition()
    {
        var methods = typeof(JobTransitions).GetMethods(BindingFlags.Public | BindingFlags.Static)
            .Where(method => method.ReturnType == typeof(JobRecord))
            .Select(method => method.Name);
        Assert.Equal(methods.Order(), Transitions.Keys.Select(Capitalised).Order());
    }

    [Fact]
    public void WaitTable_HasEveryReasonOfTheContract()
    {
        var reasons = JobReflection.Descriptor.FindTypeByName<EnumDescriptor>(nameof(WaitReason)).Values
            .Where(value => value.Number != (int)WaitReason.Unspecified)
            .Select(value => value.Name["WAIT_REASON_".Length..]);
        Assert.Equal(reasons, WaitRow().Matches(Document).Select(row => row.Groups["reason"].Value));
    }

    private static IEnumerable<(string From, string To, string Label)> EdgesOfTheCode()
    {
        yield return (Outside, JobStatusNames.Of(JobStatus.Pending), "submit");
        foreach (var job in JobInEachStatus())
        {
            var from = JobStatusNames.Of(job.Status);
            foreach (var (label, apply) in Transitions)
            {
                if (Try(apply, job) is { } next && !ReferenceEquals(next, job))
                {
                    yield return (from, JobStatusNames.Of(next.Status), label);
                }
            }

            if (Record.Exception(() => JobTransitions.RequireDeletable(job)) is null)
            {
                yield return (from, Outside, "delete");
            }
        }
    }

    private static JobRecord[] JobInEachStatus()
    {
        var pending = TestJobs.Pending();
        var running = Transitions["claim"](pending);
        JobRecord[] jobs =
        [
            pending, running, Transitions["complete"](running), Transitions["fail"](running),
            Transitions["cancel"](running),
        ];
        Assert.Equal(JobStatusNames.All, jobs.Select(job => JobStatusNames.Of(job.Status)));
        return jobs;
    }

    private static JobRecord? Try(Func<JobRecord, JobRecord> apply, JobRecord job)
    {
        try
        {
            return apply(job);
        }
        catch (TransitionRefusedException)
        {
            return null;
        }
    }

    private static string Capitalised(string word) => char.ToUpperInvariant(word[0]) + word[1..];

    [GeneratedRegex("```mermaid\nstateDiagram-v2\n.*?```", RegexOptions.Singleline)]
    private static partial Regex Diagram();

    [GeneratedRegex(@"^\| `(?<reason>[A-Z_]+)` \|", RegexOptions.Multiline)]
    private static partial Regex WaitRow();

    [GeneratedRegex(@"^ *(?<from>\S+) --> (?<to>\S+): (?<label>.+)$", RegexOptions.Multiline)]
    private static partial Regex Edge();
}
