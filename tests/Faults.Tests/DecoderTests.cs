using System.Diagnostics;
using ForegSyte.Testing;

namespace ForegSyte.Faults.Tests;

/// <summary>kill -9 of the decoder.</summary>
public sealed class DecoderTests(Undisturbed undisturbed)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Ffmpeg_KilledMidSegment_CostsNoFrame()
    {
        await using var service = new FaultyJobService([undisturbed.Inference.Address]);
        await service.StartAsync();
        var ledger = new Ledger();
        var actor = new Actor(service, ledger);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Token);
        var killer = KillDecodersAsync(undisturbed.Inference.Process.Id, 3, stop.Token);
        while (!killer.IsCompleted)
        {
            var entry = (await actor.SubmitAsync(Request.All[0], Token))!;
            await service.WaitForEndAsync(entry.JobId, Token);
        }

        Assert.Equal(3, await killer);
        await Verdict.ReachAsync(service, ledger, undisturbed, Token);
    }

    /// <summary>Kills the next few decoders of a service, in their sandboxes; returns how many.</summary>
    private static async Task<int> KillDecodersAsync(int parent, int count, CancellationToken cancellationToken)
    {
        var killed = new HashSet<int>();
        while (killed.Count < count && !cancellationToken.IsCancellationRequested)
        {
            foreach (var id in ChildProcesses.Below(parent).Where(id => killed.Count < count && !killed.Contains(id)))
            {
                try
                {
                    using var decoder = Process.GetProcessById(id);
                    if (decoder.ProcessName == "ffmpeg")
                    {
                        decoder.Kill();
                        killed.Add(id);
                    }
                }
                catch (Exception gone) when (gone is ArgumentException or InvalidOperationException)
                {
                    // It ended by itself in the meantime.
                    continue;
                }
            }

            await Task.Delay(5, CancellationToken.None);
        }

        return killed.Count;
    }
}
