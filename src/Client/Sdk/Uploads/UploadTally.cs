namespace ForegSyte.Client.Uploads;

/// <summary>Counts bytes and reports them, one report after the other though parts end side by side.</summary>
internal sealed class UploadTally(long sizeBytes, IProgress<UploadProgress>? progress)
{
    private readonly Lock _lock = new();
    private UploadProgress _latest = new(UploadStage.Checking, 0, sizeBytes, CanResume: false);
    private long _there;
    private long _checked;
    private long _sent;

    /// <summary>Parts are about to be read and sent.</summary>
    /// <param name="bytesThere">Bytes that the server has.</param>
    /// <param name="canResume">See <see cref="UploadProgress.CanResume"/>.</param>
    /// <param name="isChecking">Whether those are read again.</param>
    public void Begin(long bytesThere, bool canResume, bool isChecking)
    {
        lock (_lock)
        {
            (_there, _checked, _sent) = (bytesThere, 0, 0);
            Report(isChecking && bytesThere > 0
                ? new UploadProgress(UploadStage.Checking, 0, bytesThere, canResume)
                : new UploadProgress(UploadStage.Sending, bytesThere, sizeBytes, canResume));
        }
    }

    /// <summary>So many bytes that the server has were read again. Told until the first part is sent.</summary>
    public void Checked(int bytes)
    {
        lock (_lock)
        {
            _checked += bytes;
            if (_latest.Stage == UploadStage.Checking)
            {
                Report(_latest with { BytesDone = _checked });
            }
        }
    }

    /// <summary>So many more bytes are at the server.</summary>
    public void Sent(int bytes)
    {
        lock (_lock)
        {
            _sent += bytes;
            Report(new UploadProgress(UploadStage.Sending, _there + _sent, sizeBytes, _latest.CanResume));
        }
    }

    /// <summary>All parts are there.</summary>
    public void Completing()
    {
        lock (_lock)
        {
            Report(new UploadProgress(UploadStage.Completing, sizeBytes, sizeBytes, _latest.CanResume));
        }
    }

    /// <summary>The upload is no more; the same call begins anew.</summary>
    public void GivenUp()
    {
        lock (_lock)
        {
            Report(_latest with { CanResume = false });
        }
    }

    private void Report(UploadProgress report)
    {
        _latest = report;
        progress?.Report(report);
    }
}
