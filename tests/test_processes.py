import os

from baogao.corpus.parallel import parallel


def test_processes_side_by_side_have_one_blas_thread_and_the_user_s_setting_comes_back(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    found = parallel(os.getenv, [("OMP_NUM_THREADS",), ("OPENBLAS_NUM_THREADS",)], jobs=2, what="asking")
    assert list(found) == ["1", "1"]
    assert os.environ["OMP_NUM_THREADS"] == "7"
