using System.Reflection;
using System.Text.RegularExpressions;
using ForegSyte.Jobs.Tests.Storage;
using ForegSyte.Testing;
using ForegSyte.V1;

namespace ForegSyte.Jobs.Tests.Jobs;

/// <summary>The state machine that docs/job-lifecycle.md draws is the one that the code is.</summary>
public sealed partial class JobLifecycleDocumentTests
{
    private const string Outside = "[*]";
    private static readonly Guid Token = Guid.NewGuid();
    private static readonly DateTimeOffset Now = TestJobs.Noon;
    private static readonly TimeSpan LeaseDuration = TimeSpan.FromSeconds(15);
    private static readonly JobFailure Failure = new(ErrorReason.DecoderLost, "Lost.");
    private static readonly SegmentProgress Progress = new(1, TimeSpan.Zero, TimeSpan.Zero, null);

    private static readonly Dictionary<string, Func<JobRecord, JobRecord>> Transitions = new()
    {
        ["claim"] = job => JobTransitions.Claim(job, Token, Now, LeaseDuration),
        ["renew"] = job => JobTransitions.Renew(job, Token, Now.AddSeconds(1), LeaseDuration),
        ["plan"] = job => JobTransitions.Plan(job, Token, new PlannedWork(new VideoInfo(), 1, 1), Progress, Now),
        ["advance"] = job => JobTransitions.Advance(job, Token, Progress, Now),
        ["complete"] = job => JobTransitions.Complete(job, Token, "results.json", new JobSummary(), Now),
        ["fail"] = job => JobTransitions.Fail(job, Token, Failure, Now),
        ["release"] = job => JobTransitions.Release(job, Token, Failure, TimeSpan.Zero, Now),
        ["rescue"] = job => JobTransitions.Rescue(job, Failure, Now),
        ["abandon"] = job => JobTransitions.Abandon(job, Failure, Now),
        ["cancel"] = job => JobTransitions.Cancel(job, Now),
        ["retry"] = job => JobTransitions.Retry(job, Now),
    };

    [Fact]
    public void Diagram_HasTheEdgesOfTheCode()
    {
        var document = File.ReadAllText(Path.Combine(RepositoryFiles.Root, "docs", "job-lifecycle.md"));
        var drawn = Edge().Matches(Diagram().Match(document).Value)
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

    [GeneratedRegex(@"^ *(?<from>\S+) --> (?<to>\S+): (?<label>.+)$", RegexOptions.Multiline)]
    private static partial Regex Edge();
}
