using System.Security.Cryptography;
using ForegSyte.Inference.Metrics;
using Microsoft.ML.OnnxRuntime;

namespace ForegSyte.Inference.Models;

/// <summary>
/// A model of the catalogue cannot be loaded or does not match its family. The service does not start.
/// </summary>
/// <param name="modelId">Id of the model in the catalogue.</param>
/// <param name="problem">The problem and its fix, in full sentences.</param>
/// <param name="innerException">Cause.</param>
internal sealed class ModelLoadException(string modelId, string problem, Exception? innerException = null)
    : Exception($"Model '{modelId}' cannot be used: {problem}", innerException)
{
    /// <summary>Id of the model in the catalogue.</summary>
    public string ModelId { get; } = modelId;
}

/// <summary>
/// Loads each model once, when the first pipeline needs it, and shares it between pipelines. Not thread-safe: one
/// thread compiles the pipelines at the start.
/// </summary>
internal sealed class ModelSessions(
    ModelCatalogue catalogue, InferenceDevice device, ILogger<ModelSessions> logger, InferenceMetrics? metrics = null)
    : IDisposable
{
    /// <summary>Maximum size of a model file in bytes; protobuf limits ONNX files to 2 GB.</summary>
    public const long MaxFileBytes = 2_000_000_000;

    private readonly SortedDictionary<string, ModelSession> _sessions = new(StringComparer.Ordinal);

    /// <summary>The loaded models, ordered by id.</summary>
    public IReadOnlyList<V1.ModelInfo> Loaded => [.. _sessions.Values.Select(session => session.Entry.ToModelInfo())];

    /// <summary>The session of a model.</summary>
    /// <param name="id">Id in the catalogue, of an entry or of a choice by device.</param>
    /// <exception cref="ModelLoadException">The file is missing, has a different hash or is not a model.</exception>
    public ModelSession Get(string id)
    {
        var entry = catalogue.Find(id) ?? throw new ArgumentException($"The model '{id}' is unknown.", nameof(id));
        if (!_sessions.TryGetValue(entry.Id, out var session))
        {
            session = Load(entry);
            _sessions.Add(entry.Id, session);
        }

        return session;
    }

    /// <summary>Runs every loaded model once on zeros.</summary>
    /// <exception cref="ModelLoadException">A model cannot run.</exception>
    /// <exception cref="OperationCanceledException">The token was canceled.</exception>
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
        // The session uses the hashed bytes, so a change of the file in between has no effect.
        var bytes = ReadFile(entry);
        var sha256 = Convert.ToHexStringLower(SHA256.HashData(bytes));
        if (sha256 != entry.Sha256)
        {
            throw new ModelLoadException(
                entry.Id,
                $"The file {entry.FilePath} has the SHA-256 {sha256}, but the catalogue says {entry.Sha256}. "
                + "Restore the file, or correct sha256 in the catalogue if the change is intended.");
        }

        try
        {
            using var options = device.CreateSessionOptions();
            var session = new InferenceSession(bytes, options);
            try
            {
                var model = new ModelSession(entry, session, metrics, device.Batches);
                logger.LogInformation("Model {Model} loaded from {Path}", entry.Id, entry.FilePath);
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
                entry.Id, $"The file {entry.FilePath} does not exist. Add it, or correct file in the catalogue.");
        }

        return file.Length <= MaxFileBytes
            ? File.ReadAllBytes(entry.FilePath)
            : throw new ModelLoadException(
                entry.Id, $"The file {entry.FilePath} has {file.Length} bytes; the limit is {MaxFileBytes}.");
    }
}
