using System.Text.Json;
using ForegSyte.Benchmarks.Fairness.Attacks;
using ForegSyte.Benchmarks.Processes;

namespace ForegSyte.Benchmarks.Fairness;

/// <summary>
/// The hostile tenant in its own process at the lowest priority: it takes only processor time that the services and the
/// honest tenant leave, as a caller on another machine would.
/// </summary>
internal sealed class AttackProcess : IAsyncDisposable
{
    /// <summary>Name of the role that this process runs in.</summary>
    public const string Role = "attack";

    private const int LowestPriority = 19;
    private const string Ready = "ready";

    /// <summary>Time for its calls to end after the attack.</summary>
    private static readonly TimeSpan EndTimeout = TimeSpan.FromSeconds(2);

    /// <summary>Time after <see cref="EndTimeout"/> in which a process without processor time may answer.</summary>
    private static readonly TimeSpan AnswerTimeout = TimeSpan.FromSeconds(3);

    private readonly ChildProgram _program;

    private AttackProcess(ChildProgram program) => _program = program;

    /// <summary>Starts the process and returns when it is ready for its order.</summary>
    public static async Task<AttackProcess> StartAsync(CancellationToken cancellationToken)
    {
        var program = ChildProgram.StartOwn(Role, niceness: LowestPriority);
        try
        {
            await program.ReadLineAsync(cancellationToken);
            return new AttackProcess(program);
        }
        catch
        {
            await program.KillAsync();
            await program.DisposeAsync();
            throw;
        }
    }

    /// <summary>Runs the attack; without an answer in time, its result is unknown.</summary>
    public async Task<AttackResult> RunAsync(AttackOrder order, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(order.Duration + EndTimeout + AnswerTimeout);
        try
        {
            await _program.WriteLineAsync(JsonSerializer.Serialize(order), limit.Token);
            return JsonSerializer.Deserialize<AttackResult>(await _program.ReadLineAsync(limit.Token))!;
        }
        catch (Exception failure) when (failure is OperationCanceledException or InvalidOperationException
            or IOException)
        {
            await BenchmarkRun.LogAsync($"{order.Name}: the attack process gave no result: {failure.Message}");
            return AttackResult.Unknown;
        }
    }

    /// <summary>The process: prints that it is ready, reads an order, attacks, and prints the result.</summary>
    public static async Task RunRoleAsync(CancellationToken cancellationToken)
    {
        Console.WriteLine(Ready);
        if (await Console.In.ReadLineAsync(cancellationToken) is not { } line)
        {
            return;
        }

        var order = JsonSerializer.Deserialize<AttackOrder>(line)!;
        using var end = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        end.CancelAfter(order.Duration);
        using var tenant = new HostileTenant(order, end.Token);
        var attack = Task.Run(() => AttackAsync(Attack.Find(order.Name), tenant), CancellationToken.None);
        await Task.WhenAny(
            attack, Task.Delay(order.Duration + EndTimeout, TimeProvider.System, cancellationToken));
        Console.WriteLine(JsonSerializer.Serialize(tenant.Result));
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        try
        {
            await _program.KillAsync();
        }
        catch (InvalidOperationException)
        {
            // It has ended.
        }

        await _program.DisposeAsync();
    }

    private static async Task AttackAsync(Attack attack, HostileTenant tenant)
    {
        try
        {
            await attack.RunAsync(tenant);
        }
        catch (Exception failure)
        {
            if (!tenant.Cancellation.IsCancellationRequested)
            {
                await BenchmarkRun.LogAsync($"{attack.Name} ended early: {failure}");
            }
        }
    }
}
