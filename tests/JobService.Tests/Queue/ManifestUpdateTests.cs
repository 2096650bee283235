using ForegSyte.Jobs.Tests.Fakes;

namespace ForegSyte.Jobs.Tests.Queue;

/// <summary>UpdateJob while a job completes.</summary>
public sealed class ManifestUpdateTests
{
    [Fact]
    public async Task Update_BetweenManifestAndCompletion_ReachesTheManifest()
    {
        Func<string, Task> onStep = _ => Task.CompletedTask;
        await using var engine = new JobEngine(
            new ScriptedInference(), TimeProvider.System, folder: null,
            storage => new ObservedStorage(storage, step => onStep(step)), settings: []);
        var jobId = await engine.AddJobAsync();
        await engine.PutVideoAsync(jobId);
        var isRenamed = false;
        onStep = async step =>
        {
            if (!isRenamed && step == $"after the commit of {StorageCalls.SidecarOf(jobId)}")
            {
                isRenamed = true;
                await engine.Control.UpdateAsync(
                    jobId, new JobUpdate("late"), _ => { }, TestContext.Current.CancellationToken);
            }
        };

        await engine.RunAsync(jobId);

        Assert.True(isRenamed, "The attempt wrote no manifest.");
        Assert.Equal("late", (await engine.ReadAsync(jobId)).DisplayName);
        Assert.Equal("late", (await engine.Storage.ReadManifestAsync(jobId))!.DisplayName);
    }
}
