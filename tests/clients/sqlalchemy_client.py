"""The store by SQLAlchemy: ``sqlalchemy_client.py DRIVER use MODE``.

Prints how many complaints each customer has, as JSON.
"""

import importlib.util
import json
import sys
from pathlib import Path

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    DateTime,
    Double,
    FetchedValue,
    ForeignKey,
    Identity,
    String,
    Text,
    create_engine,
    delete,
    func,
    insert,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.automap import automap_base
from sqlalchemy.orm import (
    DeclarativeBase,
    Mapped,
    Session,
    mapped_column,
    relationship,
)
from sqlalchemy.orm.exc import StaleDataError

INCLUDE_OBJECT = Path(__file__).resolve().parents[2] / "migrations/autogenerate.py"
PGCHURN_COLUMNS = {"complaint_count", "last_complaint_at", "churn_score"}
# Tables that the application has no models of.
OTHERS = ("plans", "customer_history", "complaint_history")


class Base(DeclarativeBase):
    """The application's models."""


class Customer(Base):
    """A customer, whose version a trigger counts, and whose score is read only."""

    __tablename__ = "customers"

    id: Mapped[int] = mapped_column(
        BigInteger, Identity(always=False), primary_key=True
    )
    name: Mapped[str] = mapped_column(String(100), unique=True)
    plan: Mapped[str] = mapped_column(String(20))
    usage: Mapped[float] = mapped_column(Double)
    version: Mapped[int] = mapped_column(
        server_default=text("0"), server_onupdate=FetchedValue()
    )
    revision: Mapped[int] = mapped_column(
        server_default=text("0"), server_onupdate=FetchedValue()
    )
    complaint_count: Mapped[int] = mapped_column(
        server_default=FetchedValue(), server_onupdate=FetchedValue()
    )
    churn_score: Mapped[float | None] = mapped_column(
        Double, server_default=FetchedValue(), server_onupdate=FetchedValue()
    )
    complaints: Mapped[list["Complaint"]] = relationship(
        back_populates="customer", cascade="all, delete-orphan", passive_deletes=True
    )

    __table_args__ = (CheckConstraint("usage >= 0"),)
    # Locked optimistically by a counter of the server's.
    __mapper_args__ = {"version_id_col": version, "version_id_generator": False}


class Complaint(Base):
    """A complaint."""

    __tablename__ = "complaints"

    id: Mapped[int] = mapped_column(
        BigInteger, Identity(always=False), primary_key=True
    )
    customer_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("customers.id", ondelete="CASCADE"), index=True
    )
    reference: Mapped[str] = mapped_column(String(40), unique=True)
    text: Mapped[str] = mapped_column(Text, server_default="")
    complained_at = mapped_column(
        DateTime(timezone=True), server_default=func.now(), nullable=False
    )
    customer: Mapped[Customer] = relationship(back_populates="complaints")


class LockedByEveryWrite(DeclarativeBase):
    """Models of which a trigger counts every write, whoever writes."""


class CountedCustomer(LockedByEveryWrite):
    """A customer, whose ``revision`` complaints count up as well."""

    __tablename__ = "customers"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    usage: Mapped[float] = mapped_column(Double)
    revision: Mapped[int] = mapped_column(
        server_default=text("0"), server_onupdate=FetchedValue()
    )
    __mapper_args__ = {"version_id_col": revision, "version_id_generator": False}


def of_name(session, number):
    return session.scalars(
        select(Customer).where(Customer.name == f"customer {number}")
    ).one()


def assert_fresh(session, inline):
    computed = func.churn.score(text("customers"), type_=Double)
    counted = (
        select(func.count())
        .where(Complaint.customer_id == Customer.id)
        .scalar_subquery()
    )
    session.expire_all()
    for one, count, now in session.execute(
        select(Customer, counted, computed).where(Customer.name != "closed")
    ):
        assert one.complaint_count == count, one.name
        if inline:
            assert isinstance(one.churn_score, float), one.name
            assert abs(one.churn_score - now) < 1e-9, one.name


def complain_by_the_orm(session):
    first = of_name(session, 1)
    first.complaints.append(Complaint(reference="one", text="slow"))
    session.add(Complaint(customer=of_name(session, 2), reference="two"))
    session.commit()
    # More than are sent in one statement, with the keys that are returned in order.
    made = [
        Complaint(customer_id=3 + i % 4, reference=f"many {i}") for i in range(1500)
    ]
    session.add_all(made)
    session.flush()
    assert len({one.id for one in made}) == 1500
    session.commit()
    keys = session.scalars(
        insert(Complaint).returning(Complaint.id, sort_by_parameter_order=True),
        [{"customer_id": 7, "reference": f"returned {i}"} for i in range(30)],
    ).all()
    assert sorted(keys) == list(keys)
    session.execute(
        insert(Complaint),
        [{"customer_id": 8, "reference": f"bulk {i}"} for i in range(30)],
    )
    session.commit()


def complain_by_core(session):
    table = Complaint.__table__
    connection = session.connection()
    connection.execute(
        table.insert(),
        [{"customer_id": 9, "reference": f"core {i}"} for i in range(20)],
    )
    statement = upsert(table).values(
        # The first two have been complaints of others.
        [
            {"customer_id": 10, "reference": reference}
            for reference in ("core 1", "many 0", "new")
        ]
    )
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=["reference"],
            set_={"customer_id": statement.excluded.customer_id},
        )
    )
    connection.execute(
        upsert(table)
        .values(customer_id=10, reference="core 2")
        .on_conflict_do_nothing()
    )
    session.commit()


def lock_optimistically(engine):
    """Complain between what reads a customer and what changes it."""
    with Session(engine) as session, Session(engine) as other:
        read = of_name(session, 11)
        other.add(Complaint(customer_id=read.id, reference="in between"))
        other.commit()
        read.usage = 44
        session.flush()
        # In its own transaction as well, and several times.
        read.complaints.append(Complaint(reference="of its own"))
        session.flush()
        read.usage = 45
        session.flush()
        session.refresh(read)
        assert read.version == 2 and read.complaint_count == 2
        session.commit()
        # What the application itself changes meanwhile is found out.
        read.usage, stale = 46, of_name(other, 11)
        session.commit()
        stale.usage = 47
        try:
            other.flush()
        except StaleDataError:
            other.rollback()
        else:
            raise AssertionError("not stale")


def lock_by_every_write(engine, inline):
    """See that a counter of every write takes complaints and scores for changes."""
    with Session(engine) as session, Session(engine) as other:
        read = session.get(CountedCustomer, 12)
        other.add(Complaint(customer_id=12, reference="unseen"))
        other.commit()
        read.usage = 44
        try:
            session.flush()
        except StaleDataError:
            session.rollback()
        else:
            raise AssertionError("not stale")
        # Read anew, it is written; and scored after that, unless workers do it.
        read = session.get(CountedCustomer, 12, populate_existing=True)
        read.usage = 44
        session.flush()
        if inline:
            read.usage = 45
            try:
                session.flush()
            except StaleDataError:
                session.rollback()
            else:
                raise AssertionError("not stale")
        session.commit()


def undo_in_part(session):
    session.add(Complaint(customer=of_name(session, 7), reference="kept"))
    try:
        with session.begin_nested():
            session.add(Complaint(customer=of_name(session, 7), reference="undone"))
            of_name(session, 7).usage = 99
            session.flush()
            session.add(
                Complaint(
                    customer=of_name(session, 7), reference="refused", text="abuse"
                )
            )
    except DBAPIError as error:
        code = getattr(error.orig, "sqlstate", None) or getattr(
            error.orig, "pgcode", None
        )
        assert code == "ST001", error
    else:
        raise AssertionError("not refused")
    session.add(Complaint(customer=of_name(session, 8), reference="kept as well"))
    session.commit()
    assert of_name(session, 7).usage == 35


def change_customers(session, inline):
    session.execute(
        update(Customer)
        .where(Customer.id.in_([2, 3]))
        .values(usage=Customer.usage + 1, plan="c")
    )
    locked = session.get(Customer, 4, with_for_update=True)
    locked.complaints.append(Complaint(reference="while locked"))
    locked.plan = "a"
    session.commit()
    assert_fresh(session, inline)
    made = Customer(name="new", plan="a", usage=1, complaints=[])
    session.add(made)
    session.flush()
    made.complaints.append(Complaint(reference="of the new one"))
    session.flush()
    session.refresh(made)
    assert made.complaint_count == 1
    session.add(
        Customer(
            name="with all",
            plan="b",
            usage=2,
            complaints=[Complaint(reference=f"with {i}") for i in range(3)],
        )
    )
    session.commit()


def remove(session):
    session.delete(of_name(session, 5))
    session.delete(
        session.scalars(select(Complaint).where(Complaint.reference == "two")).one()
    )
    session.execute(delete(Complaint).where(Complaint.customer_id == 6))
    first = of_name(session, 1)
    first.complaints.clear()
    session.commit()
    moved = session.scalars(select(Complaint).where(Complaint.customer_id == 8)).all()
    for one in moved:
        one.customer_id = 12
    session.commit()


def complain_in_vain(session):
    session.add(
        Complaint(
            customer=session.scalars(
                select(Customer).where(Customer.name == "closed")
            ).one(),
            reference="closed",
        )
    )
    session.commit()


def reflect(engine):
    """Have SQLAlchemy and Alembic look at the tables as they are."""
    automapped = automap_base()
    automapped.prepare(autoload_with=engine)
    columns = automapped.classes.customers.__table__.columns
    assert PGCHURN_COLUMNS <= set(columns.keys())
    assert isinstance(columns.churn_score.type, Double)

    # The one function that applications copy.
    specification = importlib.util.spec_from_file_location("copied", INCLUDE_OBJECT)
    copied = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(copied)

    def include_object(entity, name, kind, reflected, compare_to):
        return name not in OTHERS and copied.include_object(
            entity, name, kind, reflected, compare_to
        )

    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"include_object": include_object}
        )
        proposed = compare_metadata(context, Base.metadata)
    assert proposed == [], proposed


def use(driver, mode):
    inline = mode == "inline"
    engine = create_engine(f"postgresql+{driver}://")
    reflect(engine)
    with Session(engine) as session:
        complain_by_the_orm(session)
        complain_by_core(session)
        assert_fresh(session, inline)
    lock_optimistically(engine)
    lock_by_every_write(engine, inline)
    with Session(engine) as session:
        undo_in_part(session)
        change_customers(session, inline)
        remove(session)
        complain_in_vain(session)
        assert_fresh(session, inline)
        kept = session.execute(
            select(Customer.name, func.count(Complaint.id))
            .outerjoin(Complaint)
            .group_by(Customer.name)
        )
        print(json.dumps(dict(kept.all())))


if __name__ == "__main__":
    use(sys.argv[1], sys.argv[3])
