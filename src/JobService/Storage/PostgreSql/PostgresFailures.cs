using System.Net.Sockets;
using ForegSyte.Hosting.Errors;
using ForegSyte.V1;
using Npgsql;

namespace ForegSyte.Jobs.Storage.PostgreSql;

/// <summary>Classifies the errors of PostgreSQL and words them for callers and operators.</summary>
internal static class PostgresFailures
{
    /// <summary>When callers can send a call again that failed because the database was away.</summary>
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(1);

    /// <summary>Whether the database or the connection to it failed, and not a statement.</summary>
    public static bool IsOutage(Exception failure) => failure switch
    {
        PostgresException { InvariantSeverity: "FATAL" or "PANIC" } => true,
        PostgresException postgres => postgres.SqlState is PostgresErrorCodes.AdminShutdown
            or PostgresErrorCodes.CrashShutdown or PostgresErrorCodes.CannotConnectNow
            or PostgresErrorCodes.TooManyConnections or PostgresErrorCodes.ReadOnlySqlTransaction,
        NpgsqlException or SocketException or IOException or TimeoutException => true,
        _ => false,
    };

    /// <summary>Whether other statements fail too, so that it is not the fault of one change.</summary>
    public static bool IsOfServer(Exception failure) =>
        IsOutage(failure) || failure is PostgresException { SqlState: PostgresErrorCodes.DiskFull };

    /// <summary>Whether the same transaction can succeed when it runs again.</summary>
    public static bool IsConflict(Exception failure) => failure is PostgresException
    {
        SqlState: PostgresErrorCodes.DeadlockDetected or PostgresErrorCodes.SerializationFailure,
    };

    /// <summary>Whether a statement waited too long for a row that another session has locked.</summary>
    public static bool IsBlocked(Exception failure) =>
        failure is PostgresException { SqlState: PostgresErrorCodes.LockNotAvailable };

    /// <summary>Whether it is unknown if a COMMIT that failed has committed: the server did not refuse it.</summary>
    public static bool IsOutcomeUnknown(Exception failure) =>
        failure is not PostgresException { InvariantSeverity: "ERROR" };

    /// <summary>The exception to throw for a failed statement of a call.</summary>
    public static Exception OfCall(Exception failure) => failure switch
    {
        PostgresException { SqlState: PostgresErrorCodes.DiskFull } => DiskFull.Report(failure),
        _ when IsOutage(failure) => Unavailable(
            "The database of the server does not answer. Nothing was changed. Send the call again.", failure),
        _ when IsBlocked(failure) => Unavailable(
            "Another node holds what the call needs for too long. Nothing was changed. Send the call again.", failure),
        _ => failure,
    };

    /// <summary>The exception to throw for a change whose commit got no answer.</summary>
    public static Exception OfUnknownOutcome(Exception failure) => Unavailable(
        "The database of the server did not confirm the change, so it may or may not be made. Read the job again, or "
        + "send the call again with the same request_id.",
        failure);

    /// <summary>The exception to throw when the service starts and cannot use the database.</summary>
    public static DatabaseException OfOpening(string name, Exception failure)
    {
        var advice = failure switch
        {
            PostgresException { SqlState: PostgresErrorCodes.InvalidPassword }
                or PostgresException { SqlState: PostgresErrorCodes.InvalidAuthorizationSpecification } =>
                "The server refuses the user name or the password: check PostgreSql:ConnectionString, "
                + "PostgreSql:PasswordFile and the server's pg_hba.conf.",
            PostgresException { SqlState: PostgresErrorCodes.InvalidCatalogName } =>
                "The database does not exist: create it with CREATE DATABASE, or correct PostgreSql:ConnectionString.",
            PostgresException { SqlState: PostgresErrorCodes.InsufficientPrivilege } =>
                "The user lacks a privilege: it needs to create and change tables in its schema. Let it own the "
                + "database, or GRANT CREATE, USAGE ON SCHEMA public and let it own the tables.",
            PostgresException => "The server refuses the connection.",
            _ when IsOutage(failure) =>
                "No server answers there: check that PostgreSQL runs and that PostgreSql:ConnectionString has the "
                + "right host and port.",
            _ => "Check PostgreSql:ConnectionString.",
        };
        return new DatabaseException(
            $"The database {name} cannot be used. {advice} Nothing was changed. Cause: {Cause(failure)}", failure);
    }

    /// <summary>The exception to throw if a user lacks a privilege; null for other failures.</summary>
    public static DatabaseException? OfPrivilege(string name, Exception failure)
    {
        for (var cause = failure; cause is not null; cause = cause.InnerException)
        {
            if (cause is PostgresException { SqlState: PostgresErrorCodes.InsufficientPrivilege })
            {
                return OfOpening(name, cause);
            }
        }

        return null;
    }

    private static string Cause(Exception failure) =>
        failure is PostgresException postgres ? postgres.MessageText : failure.Message;

    private static ServiceException Unavailable(string message, Exception failure) =>
        new(ErrorReason.StoreUnavailable, message, failure) { RetryAfter = RetryAfter };
}
