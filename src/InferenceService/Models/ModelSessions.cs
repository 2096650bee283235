using System.Security.Cryptography;
using ForegSyte.Inference.Metrics;
using Microsoft.ML.OnnxRuntime;

namespace ForegSyte.Inference.Models;

/// <summary>
/// The models that are in use: each is loaded once, when a pipeline first asks for it, and shared by all pipelines.
/// Not safe for several threads; pipelines are compiled by one, at the start.
/// </summary>
internal sealed class ModelSessions(
    ModelCatalogue catalogue, InferenceDevice device, ILogger<ModelSessions> logger, InferenceMetrics? metrics = null)
    : IDisposable
{
    /// <summary>Largest model file, in bytes; ONNX files end at 2 GB, the limit of protobuf.</summary>
    public const long MaxFileBytes = 2_000_000_000;

    private readonly SortedDictionary<string, ModelSession> _sessions = new(StringComparer.Ordinal);

    /// <summary>The models that are loaded, ordered by id.</summary>
    public IReadOnlyList<V1.ModelInfo> Loaded => [.. _sessions.Values.Select(session => session.Entry.ToModelInfo())];

    /// <summary>The session of a model.</summary>
    /// <param name="id">Id in the catalogue; has to be there.</param>
    /// <exception cref="ModelLoadException">The file is missing, has another hash or is not a model.</exception>
    public ModelSession Get(string id)
    {
        if (!_sessions.TryGetValue(id, out var session))
        {
            var entry = catalogue.Find(id) ?? throw new ArgumentException($"There is no model '{id}'.", nameof(id));
            session = Load(entry);
            _sessions.Add(id, session);
        }

        return session;
    }

    /// <summary>Runs every loaded model once on zeros.</summary>
    /// <exception cref="ModelLoadException">A model cannot run.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public void WarmUp(CancellationToken cancellationToken)
    {
        foreach (var session in _sessions.Values)
        {
            session.WarmUp(cancellationToken);
        }
    }

    /// <inheritdoc />
    public void Dispose()
    {
        foreach (var session in _sessions.Values)
        {
            session.Dispose();
        }

        _sessions.Clear();
    }

    private ModelSession Load(ModelEntry entry)
    {
        // The session is made from the bytes that were hashed, so that the file cannot change in between.
        var bytes = ReadFile(entry);
        var sha256 = Convert.ToHexStringLower(SHA256.HashData(bytes));
        if (sha256 != entry.Sha256)
        {
            throw new ModelLoadException(
                entry.Id,
                $"The file {entry.FilePath} has the SHA-256 {sha256}, the catalogue says {entry.Sha256}. Restore the "
                + "file, or correct sha256 in the catalogue if the change is meant.");
        }

        try
        {
            using var options = device.CreateSessionOptions();
            var session = new InferenceSession(bytes, options);
            try
            {
                var model = new ModelSession(entry, session, metrics, device.Batches);
                logger.LogInformation("Loaded model {Model} from {Path}", entry.Id, entry.FilePath);
                return model;
            }
            catch
            {
                session.Dispose();
                throw;
            }
        }
        catch (OnnxRuntimeException failure)
        {
            throw new ModelLoadException(
                entry.Id, $"ONNX Runtime cannot load {entry.FilePath}: {failure.Message}", failure);
        }
    }

    private static byte[] ReadFile(ModelEntry entry)
    {
        var file = new FileInfo(entry.FilePath);
        if (!file.Exists)
        {
            throw new ModelLoadException(
                entry.Id, $"The file {entry.FilePath} does not exist. Put it there, or correct file in the catalogue.");
        }

        return file.Length <= MaxFileBytes
            ? File.ReadAllBytes(entry.FilePath)
            : throw new ModelLoadException(
                entry.Id, $"The file {entry.FilePath} has {file.Length} bytes; at most {MaxFileBytes} are read.");
    }
}
