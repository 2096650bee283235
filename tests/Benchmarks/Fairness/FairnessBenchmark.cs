using System.CommandLine;
using ForegSyte.Benchmarks.Fairness.Attacks;
using ForegSyte.Hosting;
using Grpc.Core;

namespace ForegSyte.Benchmarks.Fairness;

/// <summary>
/// The command `fairness`: one tenant attacks, another one submits a clip every second. Each attack has services of its
/// own.
/// </summary>
internal sealed class FairnessBenchmark : IDisposable
{
    /// <summary>Share of the time of an attack in which the honest tenant is alone.</summary>
    private const double AloneShare = 0.2;

    /// <summary>The memory limits of deploy/kubernetes/foregsyte.yaml.</summary>
    private const int InferenceMebibytes = 4096;

    private const int JobsMebibytes = 2048;

    /// <summary>Time in which clips can complete after the last submission.</summary>
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(4);

    private static readonly TimeSpan WarmUpTimeout = TimeSpan.FromSeconds(20);

    /// <summary>Time for the services to return memory when the jobs are cancelled.</summary>
    private static readonly TimeSpan AfterPause = TimeSpan.FromSeconds(2);

    private static readonly TimeSpan AdminTimeout = TimeSpan.FromSeconds(3);

    /// <summary>Time for the videos, and for each attack in addition to its duration.</summary>
    private static readonly TimeSpan PreparationTime = TimeSpan.FromSeconds(30);

    private static readonly TimeSpan OverheadTime = TimeSpan.FromSeconds(12);

    private readonly WorkFolder _folder = new("fairness");
    private readonly TimeSpan _aloneTime;
    private readonly TimeSpan _attackTime;
    private readonly CancellationToken _cancellation;

    private FairnessBenchmark(int seconds, CancellationToken cancellationToken)
    {
        var alone = (int)Math.Ceiling(seconds * AloneShare);
        _aloneTime = TimeSpan.FromSeconds(alone);
        _attackTime = TimeSpan.FromSeconds(seconds - alone);
        _cancellation = cancellationToken;
    }

    public static Command Command()
    {
        var names = Attack.All.Select(attack => attack.Name).ToList();
        var attacks = new Option<string>("--attacks")
        {
            Description = $"Comma-separated attacks: {string.Join(", ", names)}. Default: all.",
            DefaultValueFactory = _ => "",
        };
        var seconds = new Option<int>("--seconds")
        {
            Description = "Seconds of each attack, the first fifth of them without the hostile tenant.",
            DefaultValueFactory = _ => 20,
        };
        seconds.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int>() is < 5 or > 3600)
            {
                result.AddError("--seconds must be between 5 and 3600.");
            }
        });
        var inference = new Option<int>("--inference-mib")
        {
            Description = "Memory budget of the InferenceService with its decoders.",
            DefaultValueFactory = _ => InferenceMebibytes,
        };
        var jobs = new Option<int>("--jobs-mib")
        {
            Description = "Memory budget of the JobService.",
            DefaultValueFactory = _ => JobsMebibytes,
        };
        var command = new Command("fairness", "Attacks both services while an honest tenant submits clips.")
        {
            attacks, seconds, inference, jobs,
        };
        command.SetAction(async (arguments, cancellationToken) =>
        {
            var chosen = NameList.Choose(arguments.GetValue(attacks)!, names).Select(Attack.Find).ToList();
            var budget = new MemoryBudget(arguments.GetValue(inference), arguments.GetValue(jobs));
            return await RunAsync(chosen, arguments.GetValue(seconds), budget, cancellationToken);
        });
        return command;
    }

    /// <inheritdoc />
    public void Dispose() => _folder.Dispose();

    /// <summary>Runs the attacks and prints the table; returns 1 if a goal is missed.</summary>
    private static async Task<int> RunAsync(
        List<Attack> attacks, int seconds, MemoryBudget budget, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(PreparationTime + (attacks.Count * (TimeSpan.FromSeconds(seconds) + OverheadTime)));
        var start = TimeProvider.System.GetTimestamp();
        var loadBefore = Machine.Load();
        using var benchmark = new FairnessBenchmark(seconds, limit.Token);
        var rows = await benchmark.MeasureAsync(attacks);
        var table = new FairnessTable(rows, budget);
        Console.WriteLine($"- machine: {Machine.Processor}; disk {benchmark._folder.FileSystem}");
        Console.WriteLine($"- ForegSyte {ServiceVersion.Text}, .NET {Environment.Version}");
        Console.WriteLine($"- load (1, 5, 15 minutes) before: {loadBefore}; after: {Machine.Load()}");
        Console.WriteLine(FormattableString.Invariant(
            $"- {benchmark._aloneTime.TotalSeconds} s alone and {benchmark._attackTime.TotalSeconds} s under each ")
            + FormattableString.Invariant(
                $"attack; the run took {TimeProvider.System.GetElapsedTime(start):hh\\:mm\\:ss}"));
        Console.WriteLine();
        Console.Write(table);
        return table.IsHeld ? 0 : 1;
    }

    private async Task<List<FairnessRow>> MeasureAsync(List<Attack> attacks)
    {
        await MakeAsync(AttackVideo.Clip);
        await using var source = await SourceServer.StartAsync(
            _folder.File("source"), PathOf(AttackVideo.Clip), _cancellation);
        var rows = new List<FairnessRow>();
        foreach (var attack in attacks)
        {
            rows.Add(await MeasureAsync(attack, source));
            await BenchmarkRun.LogAsync(new FairnessTable([rows[^1]], new MemoryBudget(int.MaxValue, int.MaxValue))
                .ToString().Split('\n')[2]);
        }

        return rows;
    }

    /// <summary>Measures one attack on new services. Whatever fails is part of its row.</summary>
    private async Task<FairnessRow> MeasureAsync(Attack attack, SourceServer source)
    {
        var row = new FairnessRow(attack.Name);
        if (_cancellation.IsCancellationRequested)
        {
            return row with { Problems = ["not run: the time limit passed, or Ctrl-C was pressed"] };
        }

        try
        {
            await MakeAsync(attack.Video);
            await using var hostile = await AttackProcess.StartAsync(_cancellation);
            await using var services = await TwoTenants.StartAsync(source);
            await using var memory = new MemoryWatch(services.InferenceService.Id, services.JobService.Id);
            return await MeasureAsync(row, attack, source, hostile, services, memory);
        }
        catch (Exception failure)
        {
            await BenchmarkRun.LogAsync($"{attack.Name}: {failure}");
            return row with { Problems = [$"not measured: {failure.Message.Split('\n')[0]}"] };
        }
    }

    private async Task<FairnessRow> MeasureAsync(
        FairnessRow row, Attack attack, SourceServer source, AttackProcess hostile, TwoTenants services,
        MemoryWatch memory)
    {
        var clip = await File.ReadAllBytesAsync(PathOf(AttackVideo.Clip), _cancellation);
        using var honest = new HonestTenant(services, clip, attack.HonestTenantFetches ? source.Clip : null);
        var warmUp = await honest.SubmitAsync(1, WarmUpTimeout, _cancellation);
        row = row with { Alone = await honest.SubmitAsync(Seconds(_aloneTime), Grace, _cancellation) };
        var deleted = warmUp[0].JobId;
        await services.DeleteJobAsync(deleted, _cancellation);

        using var end = CancellationTokenSource.CreateLinkedTokenSource(_cancellation);
        var attacking = hostile.RunAsync(
            new AttackOrder(attack.Name, _attackTime)
            {
                JobAddress = services.JobAddress,
                HttpAddress = services.HttpAddress,
                ApiKey = services.HostileKey,
                VideoPath = PathOf(attack.Video),
                SlowSource = source.SlowVideo,
                InferenceServiceId = services.InferenceService.Id,
                DataFolder = services.DataFolder,
            },
            end.Token);
        var submitting = honest.SubmitAsync(Seconds(_attackTime), Grace, end.Token);
        var problems = new List<string>();
        if (await Task.WhenAny(
            submitting, memory.Exhausted, services.JobService.Exit, services.InferenceService.Exit) != submitting)
        {
            await end.CancelAsync();
            problems.Add(memory.Exhausted.IsCompleted ? "ended early: the machine ran out of memory" : Ended(services));
        }

        row = row with { Attacked = await submitting, Hostile = await attacking };
        if (problems.Count == 0)
        {
            await CancelJobsAsync(services, problems);
            await Task.Delay(AfterPause, TimeProvider.System, _cancellation);
        }

        if (!services.AuditHasDeletion(deleted))
        {
            problems.Add("an admin's DeleteJob is no longer in the audit log");
        }

        return row with { Peak = memory.Peak, After = memory.Now(), Problems = problems };
    }

    private async Task MakeAsync(AttackVideo video)
    {
        if (!File.Exists(PathOf(video)))
        {
            await BenchmarkRun.LogAsync($"creating {video.Name}");
            await video.MakeAsync(PathOf(video)).WaitAsync(_cancellation);
        }
    }

    private async Task CancelJobsAsync(TwoTenants services, List<string> problems)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(_cancellation);
        limit.CancelAfter(AdminTimeout);
        try
        {
            await services.CancelRunningJobsAsync(limit.Token);
        }
        catch (RpcException failure) when (failure.StatusCode != StatusCode.FailedPrecondition)
        {
            problems.Add($"the admin's calls after the attack: {failure.StatusCode}");
        }
        catch (RpcException)
        {
            // A job ended by itself.
        }
    }

    private static string Ended(TwoTenants services) => services.JobService.Exit.IsCompleted
        ? "the JobService ended"
        : "the InferenceService ended";

    private static int Seconds(TimeSpan time) => (int)time.TotalSeconds;

    private string PathOf(AttackVideo video) => _folder.File($"{video.Name}.mp4");
}
